"""The error of everything that runs before the packages can be imported."""


class SetupError(Exception):
    """The machine or the workspace is not in the state that set-up needs; says what to do."""
