"""Errors whose message is a sentence for a person, where several modules raise them."""


class UserError(Exception):
    """Something that a person can mend. The message says what is wrong and what to do, and is shown
    as it is, without a traceback."""


class DatasetError(UserError, ValueError):
    """Photos, masks or labels are missing, incomplete or damaged; the message says what to do."""
