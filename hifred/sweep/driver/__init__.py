"""What runs a sweep: hands out trials, reads answers, tries again."""
