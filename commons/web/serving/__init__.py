"""How requests reach the app: a loop that reads them without a thread, limits on connections, and slow clients cut off."""
