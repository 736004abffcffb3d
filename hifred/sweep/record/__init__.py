"""What lies in a sweep directory for everybody to read: logs and the driver's lock."""
