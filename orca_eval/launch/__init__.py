"""Several runs at once: side by side on this machine, or by any of Hydra's launchers."""
