"""Package description for colcon and pip."""

from setuptools import find_packages, setup

NAME = "edgeai_dashboard"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={NAME: ["py.typed", "static/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    # By this `colcon test` knows that pytest runs the tests; without it, it finds none.
    extras_require={"test": ["pytest"]},
    python_requires=">=3.10",
    # The page is served from files.
    zip_safe=False,
    maintainer="edgeai maintainers",
    maintainer_email="maintainers@edgeai.example.org",
    description="Web page: live view, alerts, people, zones and settings.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["dashboard_node = edgeai_dashboard.dashboard_node:main"],
    },
)
