"""`edgeai lab evaluate faces` and `edgeai lab faces …`."""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import closing
from pathlib import Path

from edgeai_core import catalog
from edgeai_lab.json_files import write_json


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure the face pipeline; return the exit code."""
    from edgeai_core.analyzers.faces.logic import FaceConfig
    from edgeai_lab.face_evaluation import evaluate
    from edgeai_lab.face_lists import read_face_lists
    from edgeai_lab.face_report import describe, save_plots
    from edgeai_lab.face_templates import compute_templates
    from edgeai_lab.progress import bar

    lists = read_face_lists(
        arguments.root,
        pairs=arguments.pairs,
        gallery=arguments.gallery,
        unknown=arguments.unknown,
    )
    with catalog.face_models() as (detector, embedder):
        templates = compute_templates(
            lists.root, lists.pictures, detector=detector, embedder=embedder, track=bar
        )
        evaluation = evaluate(
            lists,
            templates,
            model_id=embedder.model_id,
            template_variance=embedder.template_variance,
            config=FaceConfig(),
        )
    print(describe(evaluation))
    output: Path = arguments.json
    write_json(output, evaluation.result())
    folder: Path = arguments.plots or output.with_name(f"{output.stem}_plots")
    for path in save_plots(evaluation, folder):
        print(f"plot {path}")
    print(f"result {output}")
    return 0


def run_align(arguments: argparse.Namespace) -> int:
    """Cut chips out of pictures of people; return the exit code."""
    from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
    from edgeai_lab.face_folders import REJECTIONS_NAME, align_people
    from edgeai_lab.progress import bar

    with closing(catalog.create_face_detector()) as detector:
        result = align_people(
            arguments.people,
            arguments.aligned,
            detector=detector,
            config=EnrolmentConfig(),
            several_faces=arguments.several_faces,
            track=bar,
        )
    print(f"{result.chips} chips in {arguments.aligned}, {len(result.rejections)} pictures refused")
    for reason, count in Counter(r.reason for r in result.rejections).most_common():
        print(f"  {reason}: {count}")
    if result.rejections:
        print(f"each one with its reason: {arguments.aligned / REJECTIONS_NAME}")
    return 0


def run_fit(arguments: argparse.Namespace) -> int:
    """Fit a classifier on templates; return the exit code."""
    from edgeai_core.access.keys import default_key_source
    from edgeai_core.analyzers.faces.acceptance import (
        GALLERY_PENALTY_L2,
        distance_limit,
        mean_distance_limit,
    )
    from edgeai_lab.face_classifier import ClassifierKind
    from edgeai_lab.face_classifier_file import save_classifier
    from edgeai_lab.face_classifier_fit import fit_classifier
    from edgeai_lab.face_folders import embed_files
    from edgeai_lab.pictures import pictures_by_person
    from edgeai_lab.progress import bar

    people = pictures_by_person(arguments.aligned)
    files = [path for paths in people.values() for path in paths]
    with closing(catalog.create_face_embedder()) as embedder:
        limit = distance_limit(
            embedder.recommended_threshold,
            gallery_penalty=GALLERY_PENALTY_L2,
            gallery_size=len(people),
        )
        fit = fit_classifier(
            embed_files(files, embedder=embedder, track=bar),
            [person for person, paths in people.items() for _ in paths],
            kind=ClassifierKind(arguments.kind),
            model_id=embedder.model_id,
            # One limit for all people: the strictest, which is that of who has most chips.
            threshold=mean_distance_limit(
                limit,
                template_variance=embedder.template_variance,
                count=max(map(len, people.values())),
            ),
        )
    save_classifier(arguments.model, fit.classifier, keys=default_key_source(arguments.model))
    print(f"{arguments.model}: {len(people)} people, {len(files)} chips, sealed with its key")
    if fit.accuracy is None:
        print("accuracy not measured: somebody has a single chip")
    else:
        print(f"accuracy on held-out chips {100 * fit.accuracy:.2f} % ({fit.folds} folds)")
    return 0


def run_predict(arguments: argparse.Namespace) -> int:
    """Say who is in pictures; return the exit code."""
    from edgeai_core.access.keys import default_key_source
    from edgeai_lab.face_classifier_file import load_classifier
    from edgeai_lab.face_folders import predict_people
    from edgeai_lab.pictures import pictures_below

    pictures = pictures_below(arguments.pictures)
    with catalog.face_models() as (detector, embedder):
        classifier = load_classifier(
            arguments.model,
            keys=default_key_source(arguments.model),
            model_id=embedder.model_id,
        )
        found = predict_people(
            pictures, classifier=classifier, detector=detector, embedder=embedder
        )
    for path, prediction in found.items():
        if prediction is None:
            print(f"{path}: no face")
        else:
            print(f"{path}: {prediction.person or 'unknown'} (distance {prediction.distance:.3f})")
    if arguments.json is not None:
        write_json(
            arguments.json,
            {
                str(path): None
                if prediction is None
                else {"person": prediction.person, "distance": round(prediction.distance, 6)}
                for path, prediction in found.items()
            },
        )
    return 0


def run_train(arguments: argparse.Namespace) -> int:
    """Train an embedding network; return the exit code."""
    from edgeai_core.config import build
    from edgeai_lab.face_recipe import FaceRecipe, split_people
    from edgeai_lab.pictures import pictures_by_person
    from edgeai_lab.progress import bar

    recipe = build(FaceRecipe, _given_settings(arguments))
    split = split_people(
        pictures_by_person(arguments.root),
        held_out_share=recipe.held_out_share,
        seed=recipe.seed,
    )
    import torch

    from edgeai_lab.face_export import MODEL_NAME, export_network, write_card
    from edgeai_lab.face_training import FaceTrainer

    folder: Path = arguments.out
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trainer = FaceTrainer(split, recipe, folder, device=device)
    if arguments.resume:
        print(f"going on after {trainer.resume()} epochs")
    training = trainer.run(track=bar)
    difference = export_network(training, folder / MODEL_NAME)
    card = write_card(folder, training=training, recipe=recipe, split=split, difference=difference)
    best = training.best
    print(
        f"{len(split.training)} people trained on, {len(split.held_out)} held out; "
        f"{len(training.epochs)} epochs on {device}, best {best.epoch}: area under ROC "
        f"{best.auc:.4f}, equal error {100 * best.equal_error_rate:.2f} %, TAR at FAR 1 % "
        f"{100 * best.tar_at_far_1pct:.2f} %"
    )
    print(f"model {folder / MODEL_NAME}, card {card}")
    return 0


def _given_settings(arguments: argparse.Namespace) -> dict[str, object]:
    names = ("head", "epochs", "batch_size", "learning_rate", "width", "dimension", "seed")
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}
