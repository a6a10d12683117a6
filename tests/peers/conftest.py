"""Keras reads these when it is imported: its JAX backend, and no settings file in the home folder."""

import os
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="keras-")
