"""XML cut into records that fail one by one."""
