"""Generative models: networks, the families of methods, and cohorts of seeds."""

from bench.models.autoencoder import Autoencoder
from bench.models.base import METHODS, Family, GenerativeModel, Move, NoiseSpec, Player, register_method
from bench.models.cohort import Cohort, make_cohort
from bench.models.curves import curve_column
from bench.models.fgan import FGAN, KLWGAN, HingeGAN
from bench.models.maximum_likelihood import MaximumLikelihood
from bench.models.vae import VAE

__all__ = [
    "FGAN",
    "KLWGAN",
    "METHODS",
    "VAE",
    "Autoencoder",
    "Cohort",
    "Family",
    "GenerativeModel",
    "HingeGAN",
    "MaximumLikelihood",
    "Move",
    "NoiseSpec",
    "Player",
    "curve_column",
    "make_cohort",
    "register_method",
]
