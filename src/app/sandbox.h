/* What the process gives up, in the order of start: (1) core dumps, tracing, new privileges, before any secret is read;
 * (2) files outside its folders and outgoing TCP but to resolvers (Landlock), before any thread is made, since it binds
 * a thread and those that it makes later; (3) root; (4) system calls that serving does not need (seccomp), once
 * everything listens, on all threads at once. libseccomp and Landlock are met here only. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { SANDBOX_PATHS_MAX = 32, SANDBOX_PORTS_MAX = 16 };
struct sandbox_paths {
    const char *write[SANDBOX_PATHS_MAX]; /* folders; borrowed */
    const char *read[SANDBOX_PATHS_MAX];  /* files or folders; ones that are not there are passed over */
    size_t write_n, read_n;
    uint16_t tcp[SANDBOX_PORTS_MAX]; /* ports that may be connected to: the resolvers', or none */
    size_t tcp_n;
};

void sandbox_process(void);      /* step 1 */
void sandbox_raise_limits(void); /* descriptors and locked memory as far as we may */
int sandbox_landlock_abi(void);  /* 0: this kernel has no Landlock */
/* Step 2. ERR_GONE: the kernel has none; ERR_IO: it refused, or a folder to write in is not there. */
[[nodiscard]] enum err sandbox_files(const struct sandbox_paths *paths);
/* Step 3, root only: data_dir itself is given to the user first.
 * ERR_GONE: no such user. ERR_IO: refused; the process must not go on then. */
[[nodiscard]] enum err sandbox_user(const char *user, const char *data_dir);
/* Step 4. Who asks the DNS or a scanner needs sockets that go out, though of no other kinds than these: reach is a set.
 */
enum { SANDBOX_REACHES_IP = 1, SANDBOX_REACHES_UNIX = 2 };
[[nodiscard]] enum err sandbox_syscalls(unsigned reach);
