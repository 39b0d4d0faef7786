"""What a model has learnt is said in words that stand in the adverts, and agrees with its scores."""

import numpy as np

from jobfinder_assets.training.features import FeatureEncoder
from jobfinder_assets.training.insight import taste
from jobfinder_assets.training.model import PreferenceModel, company_groups
from jobfinder_tests.training.synthetic import likes, synthetic_postings


def test_taste_names_what_moves_the_score() -> None:
    postings = synthetic_postings(300)
    encoder = FeatureEncoder(components=24).fit(postings)
    features = encoder.transform(postings)
    model = PreferenceModel().fit_features(features, likes(postings), company_groups(postings))
    told = taste(model, encoder, top=5)
    for liked, disliked in (told.title, told.words, told.facts):
        assert all(one.weight > 0 for one in liked) and all(one.weight < 0 for one in disliked)
        assert [one.weight for one in liked] == sorted((one.weight for one in liked), reverse=True)
        assert len(liked) <= 5 and len({one.name for one in liked}) == len(liked)
    strongest = told.words[0][0].name
    column = encoder.term_names.index(strongest)
    has = np.asarray(features.terms[:, column].todense()).ravel() > 0
    scores = model.score_features(features)
    assert scores[has].mean() > scores[~has].mean()
