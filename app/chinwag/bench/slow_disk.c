/* A library for LD_PRELOAD: each fsync and each fdatasync takes FSYNC_DELAY_US microseconds longer, in which the
   process sleeps and others run, as they do while a network disk writes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

typedef int sync_function(int);

static int sync_slowly(const char *name, int fd)
{
    sync_function *sync = (sync_function *) dlsym(RTLD_NEXT, name);
    const char *delay = getenv("FSYNC_DELAY_US");
    long microseconds = delay ? atol(delay) : 0;
    struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};
    int result = sync(fd), error = errno;

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
    errno = error;
    return result;
}

int fsync(int fd)
{
    return sync_slowly("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_slowly("fdatasync", fd);
}
