"""Which photograph is each pixel from? Mosaics cut out of real photographs."""
