"""Start the home profile: a person's own room, watched for its owner."""

from edgeai_bringup.launching import profile_description


def generate_launch_description():
    """Return the home graph as launch actions."""
    return profile_description("home")
