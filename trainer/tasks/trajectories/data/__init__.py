"""The samples: motion parameters, cameras, rendering on CPU and GPU, shards on disk. No models in here."""
