/* Each thing that is to be given up is tried in a child that gave it up. */
#include "app/sandbox.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's exit code; 128 + n when signal n ended it. */
static int in_child(int (*run)(void))
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run());
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static char inside[300];

static int try_files(void)
{
    struct sandbox_paths p = { .write = { test_dir() }, .write_n = 1, .read = { "/usr", "/none/such" }, .read_n = 2 };
    if (sandbox_files(&p) != OK)
        return 1;
    if (open("/etc/passwd", O_RDONLY) >= 0)
        return 2;
    if (open("/usr/x", O_CREAT | O_WRONLY, 0600) >= 0 ||
        open("/tmp/mayfly-sandbox-test", O_CREAT | O_WRONLY, 0600) >= 0)
        return 3;
    int fd = open(inside, O_CREAT | O_RDWR, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0 || unlink(inside) != 0)
        return 4;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0);
    bool refused = connect(s, (struct sockaddr *)&to, sizeof to) != 0 && errno == EACCES;
    return sandbox_landlock_abi() >= 4 && !refused ? 5 : 0;
}

TEST(files_outside_are_out_of_reach)
{
    snprintf(inside, sizeof inside, "%s/file", test_dir());
    if (sandbox_landlock_abi() == 0)
        return print_message("SKIP: this kernel has no Landlock\n");
    CHECK_EQ(in_child(try_files), 0);
}

static int try_calls(void)
{
    if (sandbox_syscalls(0) != OK)
        return 1;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || fork() >= 0)
        return 2;
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return 3;
    void *p = malloc(1 << 20);
    int fd = open(inside, O_CREAT | O_RDWR, 0600);
    bool works = p && fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0;
    free(p);
    return works ? 0 : 4;
}

static int port_error(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    to.sin_port = htons(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int e = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
    close(fd);
    return e;
}

static int try_dns(void)
{
    struct sandbox_paths p = { .write = { test_dir() }, .write_n = 1, .tcp = { 9 }, .tcp_n = 1 };
    if (sandbox_landlock_abi() > 0 && sandbox_files(&p) != OK)
        return 1;
    if (sandbox_syscalls(SANDBOX_REACHES_IP) != OK)
        return 2;
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_PACKET, SOCK_RAW, 0) >= 0)
        return 3;
    struct sockaddr_in any = { .sin_family = AF_INET };
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (udp < 0 || bind(udp, (struct sockaddr *)&any, sizeof any) != 0)
        return 4;
    if (port_error(9) == EACCES || (sandbox_landlock_abi() >= 4 && port_error(10) != EACCES))
        return 5;
    return 0;
}

TEST(who_asks_the_dns_reaches_resolvers_alone) { CHECK_EQ(in_child(try_dns), 0); }

static int try_unix(void)
{
    if (sandbox_syscalls(SANDBOX_REACHES_UNIX) != OK)
        return 1;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        return 2;
    struct sockaddr_un nobody = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&nobody, sizeof nobody) != 0 && errno == ENOENT ? 0 : 3;
}

TEST(who_asks_a_scanner_on_a_unix_socket_reaches_no_network) { CHECK_EQ(in_child(try_unix), 0); }

static int try_exec(void)
{
    if (sandbox_syscalls(0) != OK)
        return 1;
    execl("/bin/true", "true", NULL);
    return 2;
}

TEST(calls_that_serving_does_not_need)
{
    snprintf(inside, sizeof inside, "%s/file", test_dir());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return print_message("SKIP: sanitizers make system calls of their own\n");
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return print_message("SKIP: sanitizers make system calls of their own\n");
#endif
#endif
    CHECK_EQ(in_child(try_calls), 0);
    CHECK_EQ(in_child(try_exec), 128 + 31 /* SIGSYS */);
}

static int try_process(void)
{
    sandbox_process();
    struct rlimit r;
    getrlimit(RLIMIT_CORE, &r);
    int fd = open(inside, O_CREAT | O_EXCL | O_RDWR, 0666);
    struct stat st;
    return r.rlim_max == 0 && fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600 ? 0 : 1;
}

TEST(no_core_and_files_for_nobody_else)
{
    snprintf(inside, sizeof inside, "%s/private", test_dir());
    CHECK_EQ(in_child(try_process), 0);
}

TEST(a_user_that_is_not_there)
{
    CHECK_EQ(sandbox_user("no-such-user-here", test_dir()), ERR_GONE);
    CHECK_EQ(sandbox_user("root", test_dir()), ERR_GONE);
}
