"""What the documents of a warehouse are about: topics, and themes as clusters of topics.

In two stages after Muchene & Safari (2021, doi:10.1371/journal.pone.0243208): latent Dirichlet allocation (Blei et al.
2003) over titles and abstracts, then hierarchical clustering of the topics by Hellinger distance.
"""
