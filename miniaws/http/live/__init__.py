"""Live streams: one follower of the log per process, any number of clients, no gap and no double.

A client first reads the log from where it left off, then gets what is new from a queue of its own. A client that
does not keep up is cut and can resume; it never slows another.

``client`` what waits for one client · ``hub`` hands out events, and streams them.
"""

from miniaws.http.live.broadcaster import Broadcaster as Broadcaster
from miniaws.http.live.broadcaster import Stream as Stream
from miniaws.http.live.client import Message as Message
from miniaws.http.live.client import StreamFilter as StreamFilter
