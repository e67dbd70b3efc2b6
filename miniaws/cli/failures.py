"""How a command ends when it does not end well.

Exit codes, which scripts may rely on:

====  =================================================================
   0  it is done
   1  the cloud refused it, or it went wrong
   2  the command was used in a wrong way
   3  nobody is signed in, or the key does not permit it
   4  there is no such thing
   5  the cloud does not answer
 124  the wait timed out; what was asked for may still come about
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
    """Ends the command with one sentence; ``notes`` are further lines, ``code`` is that of the API's problem."""

    def __init__(
        self, sentence: str, exit_code: int = REFUSED, notes: tuple[str, ...] = (), code: str = ""
    ) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
        self.notes = notes
        self.code = code
