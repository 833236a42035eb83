"""Data machinery that several tasks share: random numbers from (seed, index), records in shards. No torch, no task."""
