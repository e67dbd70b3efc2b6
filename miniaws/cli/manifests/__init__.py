"""Manifests: files that describe resources.

``documents`` reads YAML with the line of every value · ``secrets`` fills in what is not in the file · ``files`` finds
the files, and explains a refusal of the cloud by file and line.
"""

from miniaws.cli.manifests.files import Manifest as Manifest
from miniaws.cli.manifests.files import read as read
