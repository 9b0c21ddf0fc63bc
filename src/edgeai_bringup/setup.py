"""Install the package for colcon (ament_python)."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = "edgeai_bringup"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config", glob("config/*")),
        (f"share/{PACKAGE}/examples", glob("examples/*")),
        (f"share/{PACKAGE}/rviz", glob("rviz/*.rviz")),
        (f"share/{PACKAGE}/foxglove", glob("foxglove/*.json")),
    ],
    install_requires=["setuptools"],
    # By this `colcon test` knows that pytest runs the tests; without it, it finds none.
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="edgeai maintainers",
    maintainer_email="maintainers@edgeai.example.org",
    description="Launch files, profiles, the graph table and the product command.",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"graph = {PACKAGE}.composed:main"]},
)
