// The source and the load of the benchmark, cheap enough not to be what is measured: one thread, epoll, no copies
// where the kernel can do without (sendfile out, MSG_TRUNC in). load-source.c is its other half. load.ts says the same
// in Node, for machines without a compiler.
//
//   load source HOST PORT                                     prints "ready"; answers GET /<n> with n bytes and closes,
//                                                             GET /idle with a head and then nothing
//   load fetch TARGET_HOST TARGET_PORT PATH TOTAL WIDTH VIA…  TOTAL streams, WIDTH at a time; prints one line of JSON
//   load hold  TARGET_HOST TARGET_PORT PATH TOTAL WIDTH VIA…  as fetch, but keeps each stream open once its head is
//                                                             there, prints the line, and ends when stdin does
//
// VIA is direct: HOST:PORT, or socks5:HOST:PORT[:USER], or http:HOST:PORT (CONNECT), or
// socks5-optimistic:HOST:PORT[:USER], which sends every message at once. Several are used in turn.
#include "load.h"
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_VIAS = 64 };

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

enum kind { DIRECT, SOCKS, SOCKS_OPTIMISTIC, HTTP };
enum state { CONNECTING, GREETED, SENT_USER, ASKED, HTTP_ASKED, HEAD, BODY, HELD };

struct via {
  enum kind kind;
  struct sockaddr_in at;
  unsigned char user[300]; // the RFC 1929 message
  size_t user_length;
};

struct stream {
  int fd;
  enum state state;
  const struct via *via;
  double began;
  long long body;
  long long length;
  size_t got;
  unsigned char head[1024];
};

static struct via vias[MAX_VIAS];
static int via_count;
static struct sockaddr_in target;
static char request[512], connect_request[512];
static int poll_fd, hold;
static long total, opened, ended, failed;
static long long body_bytes;
static double *seconds;
static char *discard;
static char first_failure[256];

static void parse_via(const char *text) {
  char copy[400], *parts[4] = {0};
  snprintf(copy, sizeof copy, "%s", text);
  int count = 0;
  for (char *part = strtok(copy, ":"); part != NULL && count < 4; part = strtok(NULL, ":")) parts[count++] = part;
  if (count < 3 || via_count == MAX_VIAS) die("not a way: %s", text);
  struct via *via = &vias[via_count++];
  via->kind = strcmp(parts[0], "direct") == 0 ? DIRECT : strcmp(parts[0], "http") == 0 ? HTTP : strcmp(parts[0], "socks5-optimistic") == 0 ? SOCKS_OPTIMISTIC : SOCKS;
  via->at = address(parts[1], parts[2]);
  if (parts[3] == NULL) return;
  size_t length = strlen(parts[3]);
  if (length > 255) die("the user name is too long");
  via->user[0] = 1;
  via->user[1] = length;
  memcpy(via->user + 2, parts[3], length);
  memcpy(via->user + 2 + length, "\1x", 2);
  via->user_length = length + 4;
}

static int put(struct stream *stream, const void *bytes, size_t length) {
  return send(stream->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

static size_t greeting(const struct via *via, unsigned char *out) {
  memcpy(out, via->user_length > 0 ? "\5\1\2" : "\5\1\0", 3);
  return 3;
}

static size_t socks_request(unsigned char *out) {
  memcpy(out, "\5\1\0\1", 4);
  memcpy(out + 4, &target.sin_addr, 4);
  memcpy(out + 8, &target.sin_port, 2);
  return 10;
}

static int begin(struct stream *stream) {
  stream->via = &vias[opened % via_count];
  opened += 1;
  stream->state = CONNECTING;
  stream->began = now();
  stream->body = stream->got = 0;
  stream->length = -1;
  stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (stream->fd < 0) die("socket: %s", strerror(errno));
  no_delay(stream->fd);
  if (connect(stream->fd, (void *)&stream->via->at, sizeof stream->via->at) != 0 && errno != EINPROGRESS) die("connect: %s", strerror(errno));
  watch(poll_fd, EPOLL_CTL_ADD, stream->fd, EPOLLOUT, stream);
  return 0;
}

// Begins the next stream in the place of one that is over.
static void over(struct stream *stream, const char *why) {
  if (why != NULL) {
    failed += 1;
    if (first_failure[0] == 0) snprintf(first_failure, sizeof first_failure, "%s", why);
  } else {
    seconds[ended - failed] = now() - stream->began;
    body_bytes += stream->body;
  }
  ended += 1;
  if (stream->state != HELD || why != NULL) close(stream->fd);
  if (opened >= total) return;
  if (stream->state == HELD && why == NULL) stream = reserve(1, sizeof *stream);
  begin(stream);
}

static void on_connected(struct stream *stream) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return over(stream, strerror(error));
  watch(poll_fd, EPOLL_CTL_MOD, stream->fd, EPOLLIN, stream);
  unsigned char out[1024];
  size_t size;
  int bad = 0;
  switch (stream->via->kind) {
  case DIRECT:
    stream->state = HEAD;
    bad = put(stream, request, strlen(request));
    break;
  case HTTP:
    stream->state = HTTP_ASKED;
    bad = put(stream, connect_request, strlen(connect_request));
    break;
  case SOCKS:
    stream->state = GREETED;
    bad = put(stream, out, greeting(stream->via, out));
    break;
  case SOCKS_OPTIMISTIC:
    stream->state = GREETED;
    size = greeting(stream->via, out);
    memcpy(out + size, stream->via->user, stream->via->user_length);
    size += stream->via->user_length;
    size += socks_request(out + size);
    memcpy(out + size, request, strlen(request));
    bad = put(stream, out, size + strlen(request));
    break;
  }
  if (bad) over(stream, "the first message could not be sent");
}

static void drop(struct stream *stream, size_t count) {
  memmove(stream->head, stream->head + count, stream->got - count);
  stream->got -= count;
  stream->head[stream->got] = 0;
}

// Takes what is in `head` for the next step; returns 1 when it wants to look again, -1 when it went wrong.
static int step(struct stream *stream) {
  int optimistic = stream->via->kind == SOCKS_OPTIMISTIC;
  unsigned char out[300];
  char *end;
  switch (stream->state) {
  case GREETED:
    if (stream->got < 2) return 0;
    if (stream->head[1] == 255) return -1;
    drop(stream, 2);
    stream->state = stream->via->user_length > 0 ? SENT_USER : ASKED;
    if (optimistic) return 1;
    if (stream->state == SENT_USER) return put(stream, stream->via->user, stream->via->user_length) ? -1 : 1;
    return put(stream, out, socks_request(out)) ? -1 : 1;
  case SENT_USER:
    if (stream->got < 2) return 0;
    if (stream->head[1] != 0) return -1;
    drop(stream, 2);
    stream->state = ASKED;
    return !optimistic && put(stream, out, socks_request(out)) ? -1 : 1;
  case ASKED: {
    if (stream->got < 5) return 0;
    if (stream->head[1] != 0) return -1;
    size_t size = stream->head[3] == 1 ? 10 : stream->head[3] == 4 ? 22 : 7u + stream->head[4];
    if (stream->got < size) return 0;
    drop(stream, size);
    stream->state = HEAD;
    return !optimistic && put(stream, request, strlen(request)) ? -1 : 1;
  }
  case HTTP_ASKED:
    end = strstr((char *)stream->head, "\r\n\r\n");
    if (end == NULL) return 0;
    if (strncmp((char *)stream->head + 8, " 200", 4) != 0) return -1;
    drop(stream, end + 4 - (char *)stream->head);
    stream->state = HEAD;
    return put(stream, request, strlen(request)) ? -1 : 1;
  case HEAD:
    end = strstr((char *)stream->head, "\r\n\r\n");
    if (end == NULL) return 0;
    if (strncmp((char *)stream->head + 8, " 200", 4) != 0) return -1;
    const char *field = strstr((char *)stream->head, "content-length: ");
    if (field != NULL) stream->length = atoll(field + 16);
    stream->body = stream->got - (end + 4 - (char *)stream->head);
    stream->state = hold ? HELD : BODY;
    return 0;
  default:
    return 0;
  }
}

static void on_readable(struct stream *stream) {
  if (stream->state == HELD) {
    // It must stay silent: bytes or an end are a failure, and told by the count.
    failed += 1;
    watch(poll_fd, EPOLL_CTL_DEL, stream->fd, 0, stream);
    return;
  }
  if (stream->state != BODY) {
    ssize_t got = recv(stream->fd, stream->head + stream->got, sizeof stream->head - 1 - stream->got, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return over(stream, got == 0 ? "ended before its answer" : strerror(errno));
    stream->got += got;
    stream->head[stream->got] = 0;
    int next;
    while ((next = step(stream)) == 1) continue;
    if (next < 0) return over(stream, "refused");
    if (stream->state == HELD) return over(stream, NULL);
    if (stream->state != BODY) return;
  }
  for (;;) {
    ssize_t got = recv(stream->fd, discard, BODY_BYTES, MSG_TRUNC);
    if (got > 0) {
      stream->body += got;
      continue;
    }
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return over(stream, strerror(errno));
    return over(stream, stream->body == stream->length ? NULL : "cut short");
  }
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double at_share(double share) {
  long count = ended - failed;
  return count == 0 ? 0 : seconds[(long)(share * (count - 1))] * 1e3;
}

static void load(char **words, int count) {
  if (count < 6) die("load fetch|hold TARGET_HOST TARGET_PORT PATH TOTAL WIDTH VIA...");
  target = address(words[0], words[1]);
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nhost: %s:%s\r\n\r\n", words[2], words[0], words[1]);
  snprintf(connect_request, sizeof connect_request, "CONNECT %s:%s HTTP/1.1\r\nhost: %s:%s\r\n\r\n", words[0], words[1], words[0], words[1]);
  total = atol(words[3]);
  long width = atol(words[4]);
  for (int i = 5; i < count; i += 1) parse_via(words[i]);
  seconds = reserve(total + 1, sizeof *seconds);
  discard = reserve(1, BODY_BYTES);
  poll_fd = epoll_create1(0);
  double began = now();
  for (long i = 0; i < width && opened < total; i += 1) begin(reserve(1, sizeof(struct stream)));
  struct epoll_event events[MAX_EVENTS];
  while (ended < total) {
    int ready = epoll_wait(poll_fd, events, MAX_EVENTS, 60000);
    if (ready == 0) die("nothing happened for a minute; %ld of %ld streams ended", ended, total);
    for (int i = 0; i < ready; i += 1) {
      struct stream *stream = events[i].data.ptr;
      if (stream->state == CONNECTING) on_connected(stream);
      else on_readable(stream);
    }
  }
  double took = now() - began;
  qsort(seconds, ended - failed, sizeof *seconds, by_size);
  printf("{\"streams\":%ld,\"failed\":%ld,\"bytes\":%lld,\"seconds\":%.6f,\"p50Ms\":%.3f,\"p95Ms\":%.3f,\"p99Ms\":%.3f,\"failure\":\"%s\"}\n",
         ended - failed, failed, body_bytes, took, at_share(0.5), at_share(0.95), at_share(0.99), first_failure);
  fflush(stdout);
  if (!hold) return;
  char byte;
  while (read(0, &byte, 1) > 0) continue;
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (count == 4 && strcmp(words[1], "source") == 0) source(words[2], words[3]);
  else if (count > 2 && strcmp(words[1], "fetch") == 0) load(words + 2, count - 2);
  else if (count > 2 && strcmp(words[1], "hold") == 0) hold = 1, load(words + 2, count - 2);
  else die("load source|fetch|hold ...");
  return 0;
}
