"""Start the city profile: a public place, operated by those who may."""

from edgeai_bringup.launching import profile_description


def generate_launch_description():
    """Return the city graph as launch actions."""
    return profile_description("city")
