/* get [-t SECONDS] URL: prints the body of http://HOST[:PORT]/PATH; exits 0 when the status is 2xx.
 *
 * Names are resolved by musl, which works in an image without a C library, where glibc's resolver may crash.
 * They consist of letters, digits, "-" and ".", as names of hosts do.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEAD_BYTES = 16384 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "get: cannot %s: %s\n", what, why);
    exit(1);
}

static int open_within(const struct addrinfo *address, int seconds)
{
    int server = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
    socklen_t size = sizeof error;
    struct pollfd waiting = {.fd = server, .events = POLLOUT};
    struct timeval patience = {seconds, 0};
    if (server < 0)
        return -1;
    connect(server, address->ai_addr, address->ai_addrlen);
    if (poll(&waiting, 1, seconds * 1000) < 1 || getsockopt(server, SOL_SOCKET, SO_ERROR, &error, &size) || error) {
        close(server);
        return -1;
    }
    fcntl(server, F_SETFL, 0);
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return server;
}

static int open_any(const char *host, const char *port, int seconds)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found;
    int server = -1, error = getaddrinfo(host, port, &wanted, &found);
    if (error)
        fail("resolve the name", gai_strerror(error));
    for (struct addrinfo *address = found; address && server < 0; address = address->ai_next)
        server = open_within(address, seconds);
    freeaddrinfo(found);
    if (server < 0)
        fail("connect", host);
    return server;
}

/* Copies the body to standard output and returns the status, 0 when there was no proper answer. */
static int print_body(int server)
{
    char head[HEAD_BYTES + 1] = "", *end = NULL;
    size_t have = 0;
    ssize_t got;
    while (!end && have < HEAD_BYTES && (got = read(server, head + have, HEAD_BYTES - have)) > 0) {
        have += (size_t)got;
        head[have] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    if (!end)
        return 0;
    end += 4;
    fwrite(end, 1, have - (size_t)(end - head), stdout);
    char more[4096];
    while ((got = read(server, more, sizeof more)) > 0)
        fwrite(more, 1, (size_t)got, stdout);
    int status = 0;
    sscanf(head, "HTTP/%*s %d", &status);
    return got < 0 ? 0 : status;
}

int main(int count, char **words)
{
    int seconds = 5, option;
    while ((option = getopt(count, words, "t:")) != -1)
        if (option == 't')
            seconds = atoi(optarg);
    char host[256] = "", port[8] = "80", path[2048] = "/";
    const char *url = optind < count ? words[optind] : "";
    if (!strncmp(url, "http://", 7))
        url += 7;
    if (seconds < 1 || sscanf(url, "%255[^:/]", host) != 1) {
        fprintf(stderr, "usage: get [-t SECONDS] http://HOST[:PORT]/PATH\n");
        return 2;
    }
    const char *rest = url + strlen(host);
    if (*rest == ':')
        sscanf(rest, ":%7[0-9]", port);
    if ((rest = strchr(url, '/')))
        snprintf(path, sizeof path, "%s", rest);
    int server = open_any(host, port, seconds);
    dprintf(server, "GET %s HTTP/1.0\r\nHost: %s:%s\r\nConnection: close\r\n\r\n", path, host, port);
    int status = print_body(server);
    fflush(stdout);
    if (status < 200 || status > 299)
        fail("get a good answer", status ? "see the body" : "the connection was cut");
    return 0;
}
