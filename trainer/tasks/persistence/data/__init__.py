"""The clips: scene parameters, rendering, masks, shards on disk, the field's own files. No models in here."""
