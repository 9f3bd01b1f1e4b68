"""Measurements that ship nothing: what each lever is worth, others' protocols, other models. A command a file, and the models that it needs."""
