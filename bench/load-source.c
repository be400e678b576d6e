// The source half of the load program: load.c says what it answers.
#include "load.h"
#include <sys/mman.h>
#include <sys/sendfile.h>

struct answer {
  int fd;
  int state; // 0 reads the request, 1 sends, 2 waits for the other side to close
  long long left;
  off_t at;
  size_t got;
  char request[512];
};

static void end_answer(struct answer *answer) {
  close(answer->fd);
  free(answer);
}

static void send_rest(int poll, struct answer *answer, int body) {
  while (answer->left > 0) {
    off_t at = answer->at;
    size_t want = BODY_BYTES - at < answer->left ? (size_t)(BODY_BYTES - at) : (size_t)answer->left;
    ssize_t sent = sendfile(answer->fd, body, &at, want);
    if (sent < 0 && errno == EAGAIN) return watch(poll, EPOLL_CTL_MOD, answer->fd, EPOLLOUT, answer);
    if (sent <= 0) return end_answer(answer);
    answer->left -= sent;
    answer->at = at % BODY_BYTES;
  }
  shutdown(answer->fd, SHUT_WR);
  answer->state = 2;
  watch(poll, EPOLL_CTL_MOD, answer->fd, EPOLLIN, answer);
}

static void on_answer(int poll, struct answer *answer, int body, const char *page) {
  if (answer->state == 1) return send_rest(poll, answer, body);
  if (answer->state == 2) {
    char rest[512];
    ssize_t got = recv(answer->fd, rest, sizeof rest, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) end_answer(answer);
    return;
  }
  ssize_t got = recv(answer->fd, answer->request + answer->got, sizeof answer->request - 1 - answer->got, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return end_answer(answer);
  answer->got += got;
  answer->request[answer->got] = 0;
  if (strstr(answer->request, "\r\n\r\n") == NULL) {
    if (answer->got == sizeof answer->request - 1) end_answer(answer);
    return;
  }
  if (strncmp(answer->request, "GET /idle", 9) == 0) {
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    if (send(answer->fd, head, sizeof head - 1, MSG_NOSIGNAL) < 0) return end_answer(answer);
    answer->state = 2;
    return;
  }
  if (sscanf(answer->request, "GET /%lld", &answer->left) != 1) return end_answer(answer);
  char first[4096];
  int length = snprintf(first, sizeof first, "HTTP/1.1 200 OK\r\ncontent-length: %lld\r\nconnection: close\r\n\r\n", answer->left);
  // A small answer goes out in one piece, as a real server's would.
  if (answer->left <= 2048) {
    memcpy(first + length, page, answer->left);
    length += answer->left;
    answer->left = 0;
  }
  if (send(answer->fd, first, length, MSG_NOSIGNAL) != length) return end_answer(answer);
  answer->state = 1;
  send_rest(poll, answer, body);
}

void source(const char *host, const char *port) {
  char *page = reserve(1, BODY_BYTES);
  for (int i = 0; i < BODY_BYTES; i += 1) page[i] = "byway\n"[i % 6];
  int body = memfd_create("body", 0);
  if (body < 0 || write(body, page, BODY_BYTES) != BODY_BYTES) die("cannot make the body: %s", strerror(errno));
  struct sockaddr_in at = address(host, port);
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server, (void *)&at, sizeof at) != 0 || listen(server, 4096) != 0) die("cannot listen at %s:%s: %s", host, port, strerror(errno));
  int poll = epoll_create1(0);
  watch(poll, EPOLL_CTL_ADD, server, EPOLLIN, NULL);
  puts("ready");
  fflush(stdout);
  struct epoll_event events[MAX_EVENTS];
  for (;;) {
    int count = epoll_wait(poll, events, MAX_EVENTS, -1);
    for (int i = 0; i < count; i += 1) {
      if (events[i].data.ptr != NULL) {
        on_answer(poll, events[i].data.ptr, body, page);
        continue;
      }
      int fd;
      while ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct answer *answer = reserve(1, sizeof *answer);
        answer->fd = fd;
        no_delay(fd);
        watch(poll, EPOLL_CTL_ADD, fd, EPOLLIN, answer);
      }
    }
  }
}
