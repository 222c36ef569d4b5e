"""tcpbook: TCP, run and drawn."""
