/* Everything is asked of the kernel by raw calls, since glibc 2.36 has no wrappers for Landlock. A step that this
 * kernel lacks is told to the caller, who warns; a step that fails half-way is an error. */
#include "app/sandbox.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void sandbox_process(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    umask(0077);
}

static void raise_limit(__rlimit_resource_t what)
{
    struct rlimit r;
    if (getrlimit(what, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(what, &r);
    }
}

void sandbox_raise_limits(void)
{
    if (geteuid() == 0) /* root may go past its hard limit; afterwards nobody can */
        (void)setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
    raise_limit(RLIMIT_NOFILE);
    raise_limit(RLIMIT_MEMLOCK);
}

/* ---- files ---- */
/* Fields and bits that came after Debian 12's headers (ABI 3, 4): the kernel reads as many bytes as we say. */
struct ruleset {
    uint64_t fs, net;
};
struct port_rule {
    uint64_t access, port;
};
enum { ACCESS_FS_TRUNCATE = 1 << 14, ACCESS_NET_CONNECT_TCP = 1 << 1, RULE_NET_PORT = 2 };

static const uint64_t fs_all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
static const uint64_t fs_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t fs_write = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;

int sandbox_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static enum err allow(int ruleset, const char *path, uint64_t access)
{
    AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return ERR_GONE;
    if (!S_ISDIR(st.st_mode))
        access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE;
    struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? OK : ERR_IO;
}

static enum err allow_port(int ruleset, uint16_t port)
{
    struct port_rule rule = { .access = ACCESS_NET_CONNECT_TCP, .port = port };
    return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == 0 ? OK : ERR_IO;
}

enum err sandbox_files(const struct sandbox_paths *paths)
{
    int abi = sandbox_landlock_abi();
    if (abi == 0)
        return ERR_GONE;
    /* ABI 2 brought moves between folders, which stay refused; 3 truncation; 4 TCP, which we start to resolvers alone
     * (P7). */
    uint64_t truncate = abi >= 3 ? ACCESS_FS_TRUNCATE : 0;
    struct ruleset r = { .fs = fs_all | truncate, .net = abi >= 4 ? ACCESS_NET_CONNECT_TCP : 0 };
    AUTO_FD int fd = (int)syscall(SYS_landlock_create_ruleset, &r, abi >= 4 ? sizeof r : sizeof r.fs, 0);
    if (fd < 0)
        return ERR_IO;
    for (size_t i = 0; i < paths->write_n; i++)
        if (allow(fd, paths->write[i], fs_write | truncate) != OK)
            return ERR_IO;
    for (size_t i = 0; i < paths->read_n; i++)
        if (allow(fd, paths->read[i], fs_read) == ERR_IO)
            return ERR_IO;
    for (size_t i = 0; abi >= 4 && i < paths->tcp_n; i++)
        if (allow_port(fd, paths->tcp[i]) != OK)
            return ERR_IO;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? OK : ERR_IO;
}

/* ---- the user ---- */
enum err sandbox_user(const char *user, const char *data_dir)
{
    const struct passwd *pw = getpwnam(user);
    if (!pw || pw->pw_uid == 0)
        return ERR_GONE;
    if (chown(data_dir, pw->pw_uid, pw->pw_gid) != 0)
        return ERR_IO;
    if (initgroups(user, pw->pw_gid) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
        return ERR_IO;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setuid(0) != 0 ? OK : ERR_IO;
}

/* ---- system calls ---- */
#define CALL(name) SCMP_SYS(name)
static const int allowed[] = {
    /* bytes and files in the folders that Landlock left */
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(preadv),
    CALL(preadv2),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(pwritev2),
    CALL(close),
    CALL(close_range),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(stat),
    CALL(lstat),
    CALL(lseek),
    CALL(openat),
    CALL(open),
    CALL(unlink),
    CALL(unlinkat),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(rmdir),
    CALL(getdents64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(sync_file_range),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(flock),
    CALL(fcntl),
    CALL(fchmod),
    CALL(fadvise64),
    CALL(statfs),
    CALL(fstatfs),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(readlink),
    CALL(readlinkat),
    CALL(copy_file_range),
    CALL(getcwd),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(umask),
    CALL(ioctl),
    /* memory; mmap and mprotect have rules of their own */
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(mlock),
    CALL(mlock2),
    CALL(munlock),
    CALL(msync),
    CALL(brk),
    CALL(mincore),
    CALL(membarrier),
    /* connections that come in */
    CALL(accept),
    CALL(accept4),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(sendto),
    CALL(sendmsg),
    CALL(shutdown),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    /* waiting */
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_pwait2),
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(eventfd2),
    CALL(pipe2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(futex),
    CALL(sched_yield),
    CALL(restart_syscall),
    /* time, chance, who we are */
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(time),
    CALL(adjtimex),
    CALL(getrandom),
    CALL(getpid),
    CALL(gettid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getrusage),
    CALL(sysinfo),
    CALL(uname),
    CALL(getcpu),
    CALL(sched_getaffinity),
    /* signals and the end of threads */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigtimedwait),
    CALL(sigaltstack),
    CALL(tgkill),
    CALL(set_robust_list),
    CALL(get_robust_list),
    CALL(rseq),
    CALL(exit),
    CALL(exit_group),
};
/* Nothing of ours ever asks for these: whoever does has taken over. All others that are not allowed fail with EPERM. */
static const int deadly[] = { CALL(execve), CALL(execveat), CALL(ptrace), CALL(process_vm_readv),
                              CALL(process_vm_writev) };

enum { PROT_EXEC_BIT = 4, CLONE_THREAD_BIT = 0x10000 };

static bool allow_sockets(scmp_filter_ctx f, unsigned family)
{
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 1, SCMP_A0(SCMP_CMP_EQ, family)) == 0;
}

/* UDP and TCP to resolvers, TCP and Unix sockets to scanners; where TCP may go is Landlock's. */
static bool rules_add_reach(scmp_filter_ctx f, unsigned reach)
{
    bool good = true;
    if (reach & SANDBOX_REACHES_IP)
        good &= allow_sockets(f, AF_INET) && allow_sockets(f, AF_INET6) &&
                seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(bind), 0) == 0;
    if (reach & SANDBOX_REACHES_UNIX)
        good &= allow_sockets(f, AF_UNIX);
    return good && (reach == 0 || seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(connect), 0) == 0);
}

static bool rules_add(scmp_filter_ctx f)
{
    bool good = true;
    for (size_t i = 0; i < COUNT(allowed); i++)
        good &= allowed[i] < 0 || seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    for (size_t i = 0; i < COUNT(deadly); i++)
        good &= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, deadly[i], 0) == 0;
    /* no memory that can be run; threads but no processes (clone3 hides its flags: glibc then takes clone) */
    good &= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC_BIT, 0)) == 0;
    good &= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC_BIT, 0)) == 0;
    good &= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD_BIT, CLONE_THREAD_BIT)) == 0;
    good &= seccomp_rule_add(f, SCMP_ACT_ERRNO(38 /* ENOSYS */), CALL(clone3), 0) == 0;
    good &= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)) == 0;
    good &= seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0)) == 0;
    return good;
}

enum err sandbox_syscalls(unsigned reach)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(1 /* EPERM */));
    if (!f)
        return ERR_IO;
    bool good = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) == 0 && rules_add(f) && rules_add_reach(f, reach) &&
                seccomp_load(f) == 0;
    seccomp_release(f);
    return good ? OK : ERR_IO;
}
