"""Fully convolutional networks as a training tool: what is learned comes as a `Task`."""
