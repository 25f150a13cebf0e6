"""What the purification study rests on: the paper with its figures as far as known, the protocol, the references."""

from __future__ import annotations

from topolens.studies.attacks import CW, EPSILONS, FGSM, JUDGED, LARGE, PGD, Effort
from topolens.studies.purifiers import BATCH, HARDENED_AT, LATENT, NOISE, RATE, WIDTHS, Training

PAPER = (
    "B. Kumar, A. S. Aravinthakashan, A. Satyanarayan, I. Gakhar, U. Verma: TopoReformer: Mitigating adversarial "
    "attacks using topological purification in OCR models, arXiv 2511.15807, 2025"
)
NOTE = "The published figures come from a note on the paper, not from the paper itself, and stand for orientation only."
REFERENCES = [
    PAPER,
    "M. Moor, M. Horn, B. Rieck, K. Borgwardt: Topological autoencoders, 2020.",
    "A. Athalye, N. Carlini, D. Wagner: Obfuscated gradients give a false sense of security, 2018.",
    "N. Carlini, D. Wagner: Towards evaluating the robustness of neural networks, 2017.",
    "A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu: Towards deep learning models resistant to adversarial "
    "attacks, 2018.",
    "E. Wong, L. Rice, J. Z. Kolter: Fast is better than free: revisiting adversarial training, 2020.",
    "J. Rauber, R. Zimmermann, M. Bethge, W. Brendel: Foolbox Native, 2020.",
]
Near = tuple[str, float]
# Attack, then F1 in % on MNIST of no purifier, its topological autoencoder, its whole pipeline; the nearest of ours.
PUBLISHED: tuple[tuple[str, float, float | None, float, Near | None, str], ...] = (
    ("FGSM, 0.01", 96.61, None, 97.51, (FGSM, 0.01), "roughly: same size, other networks"),
    ("PGD, 0.01", 96.62, None, 97.62, (PGD, 0.01), "roughly: same size, other networks"),
    ("C&W, constant 10", 4.30, 48.51, 75.15, (CW, float("inf")), "loosely: ours searches its constant, any length"),
    ("C&W, constant 0.01", 30.41, 53.92, 65.86, None, "no: ours searches its constant"),
    ("EOT", 3.38, None, 90.73, None, "no: sizes and steps are not told"),
    ("EOT and BPDA", 3.21, None, 64.71, None, "no: sizes and steps are not told"),
    ("BPDA", 4.44, None, 15.65, None, "no: sizes and steps are not told"),
)


def protocol(training: Training, effort: Effort, seeds: int) -> list[str]:
    """How the study was made, in sentences; what the paper does not say is marked as ours."""
    used = f"{training.images:,} images drawn once" if training.images else "all images"
    tested = f"{effort.test_images:,} images drawn once" if effort.test_images else "all images"
    widths = "-".join(map(str, WIDTHS))
    sizes = ", ".join(f"{size:g}" for size in EPSILONS)
    return [
        f"Networks are ours, as the paper tells no layers for these data: a classifier of two convolutions and two "
        f"linear layers; autoencoders of three strided convolutions ({widths} wide) down to {LATENT} numbers, as many "
        "as the paper's code has for one character, and the mirror image up. All autoencoders are the same but for the "
        f"weight of the topological loss: 0 for the plain one, {training.strength:g} (the best that the paper on "
        f"topological autoencoders found for MNIST is 0.5), and {training.strength / 10:g}. Those of a seed start "
        "from the same weights and see the same batches.",
        f"Every network: {used}, {training.epochs} passes, Adam at {RATE:g}, batches of {BATCH}, no early stopping. "
        "The loss of autoencoders is the mean squared error of images in [-1, 1] plus the weight times the topological "
        "loss of the batch (spanning trees of images and codes, squared, a trained scale; it starts where the lengths "
        "of the first batch agree on the mean, the paper's code at 1, from which a short training does not recover). "
        "Classifiers see clean images only and stay as they are.",
        "Noisy purifiers are the same autoencoders whose codes are shaken when used, by Gaussian noise of "
        f"{NOISE:g} times the spread of each coordinate; they stand for the paper's random second stage, which looks "
        "at the classifier while trained and is not built here.",
        f"A control that can withstand: the classifier trained on images after one step of attack of {HARDENED_AT:g}, "
        "with a random start, without a purifier.",
        f"Attacks by foolbox on {tested} of the test set, largest change of a pixel {sizes}. PGD: {effort.steps} steps "
        f"of 2.5 / {effort.steps} of the size, random starts: {effort.restarts}, of which the one with the highest "
        f"loss is kept. C&W: {effort.search} rounds of {effort.descent} steps, read at several Euclidean lengths. "
        "Attackers who know the purifier take gradients through it, end to end. BPDA: PGD, the purifier's gradient "
        f"taken for the identity's. EOT: PGD on the mean probability of {effort.draws} draws of the noise.",
        f"Random models are judged by {JUDGED} fresh draws per image. The worst attack for each image is chosen among "
        "all of a size, those on the classifier alone and none included; the bare classifier meets fewer of them than "
        "a purifier does, and the draws of a random one are chosen among, too.",
        f"Means over {seeds} seeds and all attacked images, which are the same for all; intervals and p-values count "
        "both as drawn (Student's t by seeds and by images, halves added as squares; for "
        "accuracies Wilson's interval of that width), p-values of all "
        "differences of a table by Holm's method at 5 %. Robust means: more accurate than no purifier under the worst "
        "attack at some size.",
        "Masked gradients: a stronger attack that leaves more than a weaker one, an attack through the purifier that "
        f"leaves more than one that does not know it, or anything beyond chance left at {LARGE:g}, where every image "
        "can be made any other.",
    ]
