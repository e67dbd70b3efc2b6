"""Keeps a real container for every instance.

``passes`` from what is to what is wanted · ``told`` what the engine told of programs that began and ended.
"""

from miniaws.process_managers.instance.passes import InstanceManager as InstanceManager
