"""From asked to delivered. The engine is the only place with threads and the only place where a state changes."""
