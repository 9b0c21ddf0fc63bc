"""Install the package for colcon (ament_python)."""

from setuptools import find_packages, setup

PACKAGE = "edgeai_ros_common"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    # By this `colcon test` knows that pytest runs the tests; without it, it finds none.
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="edgeai maintainers",
    maintainer_email="maintainers@edgeai.example.org",
    description="What every node of the edge-AI graph shares.",
    license="Apache-2.0",
)
