/* What the operator may ask of a running server (ctl.h): box, ban, stats, drain, clock, backup, ready. */
#pragma once
#include "app/context.h"
#include "app/ctl.h"

extern const struct ctl_command operate_commands[]; /* run with the struct app as ctx */
extern const size_t operate_commands_n;
/* In words, what a disk made of it: not of an arena or a quota that is full. Of all else the name. */
const char *operate_why(enum err e);
void operate_box(void *app, struct ctl_req *r, struct str args);
void operate_domain(void *app, struct ctl_req *r, struct str args);
void operate_ban(void *app, struct ctl_req *r, struct str args);   /* its row is in operate.c */
void operate_queue(void *app, struct ctl_req *r, struct str args); /* likewise */
