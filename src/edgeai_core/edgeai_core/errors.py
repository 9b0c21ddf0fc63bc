"""The one exception tree of the project.

A message says what failed, what was got, what was expected and what to do next.
Exceptions of libraries are translated at the adapter with ``raise ... from exc``.
"""


class EdgeAiError(Exception):
    """Base of every error that this project raises on purpose."""


class ConfigError(EdgeAiError):
    """A configuration value or key is wrong."""


class FrameError(EdgeAiError):
    """An image is empty, truncated, too large or in an encoding that is not supported."""


class SourceError(EdgeAiError):
    """A camera, stream, file or folder cannot be read."""


class SourceUnavailableError(SourceError):
    """The source cannot be opened or stopped answering; trying again may help."""


class SourceEndedError(SourceError):
    """A finite source has no further frame."""


class ModelError(EdgeAiError):
    """A model cannot be loaded or does not fit its card."""


class ModelMissingError(ModelError):
    """A model file is not on this machine; set-up puts it there."""


class ModelIntegrityError(ModelError):
    """A model file has another sha256 than its card says."""


class RuntimeUnavailableError(ModelError):
    """No installed inference runtime can run the model."""


class GalleryError(EdgeAiError):
    """The face gallery cannot be used."""


class GalleryMissingError(GalleryError):
    """The gallery file or its key does not exist."""


class GalleryCorruptError(GalleryError):
    """The gallery file or a record in it is damaged, or the key is not the one it was made with."""


class GalleryModelMismatchError(GalleryError):
    """The gallery's templates come from another embedding model."""


class EnrolmentError(EdgeAiError):
    """A person cannot be enrolled from the given material."""


class TeachingError(EdgeAiError):
    """A thing cannot be learned from the given material."""


class AccessError(EdgeAiError):
    """The session does not allow what was asked."""


class StoreError(EdgeAiError):
    """The event store cannot be read or written."""


class EvidenceError(EdgeAiError):
    """A picture or clip of an alert cannot be made or kept."""


class DataError(EdgeAiError):
    """A data set, list or label file of the lab is missing, malformed or unusable."""


class SetupError(EdgeAiError):
    """The machine or the workspace is not in the state that the command needs."""


class BagError(EdgeAiError):
    """A recording cannot be made, read or replayed."""


class ChannelError(EdgeAiError):
    """A notification channel could not take an alert; trying again may help."""


class AlertRefusedError(ChannelError):
    """A notification channel works but will never take this alert; trying again does not help."""
