"""How a command fails.

Exit codes, which scripts may rely on:

====  =================================================================
   0  done
   1  refused or failed
   2  wrong usage
   3  not signed in, or not permitted
   4  not found
   5  the cloud does not answer
 124  the wait timed out; the change may still take effect
====  =================================================================

``cloud instance exec`` ends with the exit code of the program it ran.
"""

REFUSED = 1
USAGE = 2
NOT_PERMITTED = 3
NOT_FOUND = 4
NO_ANSWER = 5
TIMED_OUT = 124

EXIT_CODES = (
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not signed in or not permitted, 4 not found, "
    "5 the cloud does not answer, 124 the wait timed out."
)


class Failure(Exception):
    """Ends the command with a sentence. ``notes`` are printed below it; ``code`` is the error code of the API."""

    fields: tuple[tuple[str, str], ...] = ()
    """What is wrong with which field of the request."""

    def __init__(
        self, sentence: str, exit_code: int = REFUSED, notes: tuple[str, ...] = (), code: str = ""
    ) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
        self.notes = notes
        self.code = code
