"""Start the camera alone."""

from edgeai_bringup.launching import profile_description


def generate_launch_description():
    """Return the camera node and its supervisor as launch actions."""
    return profile_description("camera")
