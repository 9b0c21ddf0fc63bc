"""Package description for colcon and pip."""

from setuptools import find_packages, setup

NAME = "edgeai_alerts"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={NAME: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    # By this `colcon test` knows that pytest runs the tests; without it, it finds none.
    extras_require={"test": ["pytest"]},
    python_requires=">=3.10",
    zip_safe=True,
    maintainer="edgeai maintainers",
    maintainer_email="maintainers@edgeai.example.org",
    description="Event store, evidence, notification channels and alert node.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "alert_manager_node = edgeai_alerts.alert_manager_node:main",
            "alert_trigger_node = edgeai_alerts.alert_trigger_node:main",
            "evidence_recorder_node = edgeai_alerts.evidence_recorder_node:main",
        ],
    },
)
