"""Random bytes and damaged files, for everything here that reads one."""
