"""Package description for colcon and pip."""

from setuptools import find_packages, setup

NAME = "edgeai_core"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={NAME: ["py.typed", "weights/*.onnx"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    # rosdep brings the libraries (package.xml): Debian's OpenCV is not known to pip by name.
    install_requires=["setuptools"],
    # By this `colcon test` knows that pytest runs the tests; without it, it finds none.
    extras_require={"test": ["pytest"]},
    python_requires=">=3.10",
    zip_safe=True,
    maintainer="edgeai maintainers",
    maintainer_email="maintainers@edgeai.example.org",
    description="What the edge-AI vision graph thinks, without ROS.",
    license="Apache-2.0",
)
