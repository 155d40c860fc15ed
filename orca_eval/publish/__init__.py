"""A finished run as the hub takes it: files in a folder, and on request their upload."""
