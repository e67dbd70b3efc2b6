/* A tiny HTTP/1.1 server for trials and tests. Every path it knows is in answer(), below.
 *
 * Environment: PORT (8080), APP_VERSION (shown by /), DRAIN_SECONDS (10), QUIET (set: no access log).
 * SIGTERM: accepts no more connections, finishes what it is answering, exits 0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 16384, PATH_BYTES = 1024, BODY_BYTES = 4096, STACK_BYTES = 131072, IDLE_S = 60 };

struct answer {
    int code;
    const char *type;
    char body[BODY_BYTES];
};

static char hostname[256];
static const char *version = "";
static int is_quiet;
static atomic_bool is_healthy = 1, is_draining = 0;
static atomic_long in_progress, answered;

static void nap(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) && errno == EINTR) {
    }
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static void burn(double seconds)
{
    volatile unsigned long work = 1;
    for (double end = now() + seconds; now() < end;)
        for (int i = 0; i < 20000; i++)
            work = work * 6364136223846793005UL + 1;
}

/* The number after "name=" in the query of a path; 0 when it is absent, negative or no number. */
static double parameter(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strchr(path, '?'); at; at = strchr(at, '&')) {
        at++;
        if (!strncmp(at, name, length) && at[length] == '=') {
            double value = strtod(at + length + 1, NULL);
            return value > 0 ? value : 0;
        }
    }
    return 0;
}

static int is_path(const char *path, const char *expected)
{
    size_t length = strcspn(path, "?");
    return length == strlen(expected) && !strncmp(path, expected, length);
}

static void say(struct answer *to, int code, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(to->body, sizeof to->body, format, values);
    va_end(values);
    to->code = code;
}

static int allocate(size_t bytes)
{
    char *memory = malloc(bytes);
    if (!memory)
        return 0;
    memset(memory, 1, bytes); /* untouched pages would not count; never freed, on purpose */
    __asm__ volatile("" : : "r"(memory) : "memory"); /* else the compiler leaves out what nobody reads */
    return 1;
}

static void answer(const char *path, struct answer *to)
{
    to->type = "text/plain";
    if (is_path(path, "/")) {
        to->type = "application/json";
        say(to, 200, "{\"hostname\":\"%s\",\"version\":\"%s\",\"answered\":%ld}\n", hostname, version,
            atomic_load(&answered));
    } else if (is_path(path, "/health")) {
        int good = is_healthy && !is_draining;
        say(to, good ? 200 : 503, good ? "ok\n" : "unhealthy\n");
    } else if (is_path(path, "/health/fail")) {
        is_healthy = 0;
        say(to, 200, "failing\n");
    } else if (is_path(path, "/health/ok")) {
        is_healthy = 1;
        say(to, 200, "ok\n");
    } else if (is_path(path, "/burn")) {
        burn(parameter(path, "ms") / 1000);
        say(to, 200, "burned %g ms on %s\n", parameter(path, "ms"), hostname);
    } else if (is_path(path, "/slow")) {
        nap(parameter(path, "s"));
        say(to, 200, "answered after %g s on %s\n", parameter(path, "s"), hostname);
    } else if (is_path(path, "/alloc")) {
        int done = allocate((size_t)(parameter(path, "mb") * 1048576));
        say(to, done ? 200 : 507, done ? "allocated\n" : "out of memory\n");
    } else if (is_path(path, "/exit")) {
        _exit((int)parameter(path, "code") & 255);
    } else {
        say(to, 404, "no such path\n");
    }
}

static const char *reason(int code)
{
    return code == 200 ? "OK" : code == 404 ? "Not Found" : code == 503 ? "Service Unavailable" : "Insufficient Storage";
}

static int send_all(int client, const char *bytes, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t done = write(client, bytes + sent, length - sent);
        if (done <= 0)
            return 0;
        sent += (size_t)done;
    }
    return 1;
}

static int respond(int client, const struct answer *from, int with_body, int closing)
{
    char message[BODY_BYTES + 512];
    int length = snprintf(message, sizeof message,
                          "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nX-Hostname: %s\r\n"
                          "Connection: %s\r\n\r\n%s",
                          from->code, reason(from->code), from->type, strlen(from->body), hostname,
                          closing ? "close" : "keep-alive", with_body ? from->body : "");
    return send_all(client, message, (size_t)length);
}

/* Reads until "limit" bytes, or an empty line when limit is 0. Returns the bytes there are; 0: cut off. */
static size_t fill(int client, char *buffer, size_t have, size_t limit)
{
    while (limit ? have < limit : !strstr(buffer, "\r\n\r\n")) {
        if (have >= REQUEST_BYTES - 1)
            return 0;
        ssize_t got = read(client, buffer + have, REQUEST_BYTES - 1 - have);
        if (got <= 0)
            return 0;
        have += (size_t)got;
        buffer[have] = 0;
    }
    return have;
}

/* Reads and answers one request; returns the bytes of the next one already read, or -1 to close. */
static long exchange(int client, char *buffer, size_t have)
{
    char method[8] = "", path[PATH_BYTES] = "";
    struct answer to;
    if (!(have = fill(client, buffer, have, 0)))
        return -1;
    atomic_fetch_add(&in_progress, 1);
    char *end = strstr(buffer, "\r\n\r\n") + 4;
    char *field = strcasestr(buffer, "\r\ncontent-length:");
    size_t total = (size_t)(end - buffer) + (field && field < end ? strtoul(field + 17, NULL, 10) : 0);
    field = strcasestr(buffer, "connection: close");
    int asked_to_close = field && field < end;
    if (sscanf(buffer, "%7s %1023s", method, path) != 2 || total >= REQUEST_BYTES ||
        (have < total && !(have = fill(client, buffer, have, total)))) {
        atomic_fetch_sub(&in_progress, 1);
        return -1;
    }
    atomic_fetch_add(&answered, 1);
    answer(path, &to);
    int closing = asked_to_close || is_draining;
    int done = respond(client, &to, strcmp(method, "HEAD") != 0, closing);
    if (!is_quiet && !is_path(path, "/health")) {
        printf("%s %s %d\n", method, path, to.code);
        fflush(stdout);
    }
    atomic_fetch_sub(&in_progress, 1);
    memmove(buffer, buffer + total, have - total + 1);
    return done && !closing ? (long)(have - total) : -1;
}

static void *serve(void *argument)
{
    int client = (int)(long)argument, on = 1;
    char buffer[REQUEST_BYTES] = "";
    struct timeval idle = {IDLE_S, 0};
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    for (long have = 0; have >= 0;)
        have = exchange(client, buffer, (size_t)have);
    close(client);
    return NULL;
}

static void asked_to_end(int number)
{
    (void)number;
    is_draining = 1;
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (void *)&address, sizeof address) || listen(server, 1024)) {
        perror("cannot listen");
        exit(1);
    }
    return server;
}

static void accept_until_asked_to_end(int server, const sigset_t *while_waiting)
{
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setstacksize(&detached, STACK_BYTES);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (!is_draining) {
        struct pollfd waiting = {.fd = server, .events = POLLIN};
        if (ppoll(&waiting, 1, NULL, while_waiting) < 1)
            continue;
        int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        if (client >= 0 && pthread_create(&thread, &detached, serve, (void *)(long)client))
            close(client);
    }
}

int main(void)
{
    const char *port = getenv("PORT"), *drain = getenv("DRAIN_SECONDS");
    struct sigaction on_end = {.sa_handler = asked_to_end};
    sigset_t ending, before;
    gethostname(hostname, sizeof hostname - 1);
    if (getenv("APP_VERSION"))
        version = getenv("APP_VERSION");
    is_quiet = getenv("QUIET") != NULL;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* as process 1 it inherits orphans */
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, &before); /* delivered only inside ppoll */
    sigaction(SIGTERM, &on_end, NULL);
    sigaction(SIGINT, &on_end, NULL);
    int server = listen_on(port ? atoi(port) : 8080);
    printf("listening on %s as %s\n", port ? port : "8080", hostname);
    fflush(stdout);
    accept_until_asked_to_end(server, &before);
    close(server);
    for (double end = now() + (drain ? atof(drain) : 10); in_progress && now() < end;)
        nap(0.01);
    printf("ended after %ld answers\n", atomic_load(&answered));
    return 0;
}
