"""The table of recipes: every one says what `course train` needs, and the command knows every data set."""

from course_lib import cli
from course_lib.recipes import lectures


def test_a_lecture_has_one_recipe_with_all_four_names():
    numbers = [lecture for kind in lectures.KINDS for lecture in kind.NETWORKS]
    assert len(numbers) == len(set(numbers)) > 10
    assert all(kind.NEEDS and callable(kind.training) and isinstance(kind.DATASETS, dict) for kind in lectures.KINDS)
    assert all(networks for kind in lectures.KINDS for networks in kind.NETWORKS.values())


def test_the_command_offers_the_data_sets_of_all_recipes():
    (option,) = (option for option in cli.train.params if option.name == "dataset")
    assert set(option.type.choices) == {dataset for kind in lectures.KINDS for dataset in kind.DATASETS}
