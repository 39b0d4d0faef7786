"""What can stop an export. Each message says what is wrong, where, and what to do; none repeats a person's data."""


class ExportError(ValueError):
    """Something given is wrong: an option, a folder, a file."""


class Refusal(RuntimeError):
    """The data product is not made. Nothing was written."""


class MissingExtra(RuntimeError):
    """A library of the extra `export` is not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(f'the data product needs {library}: pip install "jobfinder[export]"')
