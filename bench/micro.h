#pragma once

int micro_fill(int argc, char **argv);
int micro_learner(int argc, char **argv);
int micro_mail(int argc, char **argv);
int micro_store(int argc, char **argv);
int micro_ends(int argc, char **argv);
