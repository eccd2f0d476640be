"""The supervisors: the parent of worker processes, and owner of the listening sockets."""

from jebi.server.supervisors.multiprocess import Multiprocess
from jebi.server.supervisors.watchfilesreload import WatchFilesReload

ChangeReload = WatchFilesReload

__all__ = ["ChangeReload", "Multiprocess", "WatchFilesReload"]
