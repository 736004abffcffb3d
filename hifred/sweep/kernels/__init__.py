"""What a trial computes, and the digest of the code that does it."""
