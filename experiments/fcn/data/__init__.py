"""People's own pictures and masks, and published data sets, as a `Task`."""
