"""Files, hub datasets and formats, read into messages, calls and tools."""
