// Fault A13. What stands in front of an agent or asks whether it lives, configured as its manual writes it: a
// real HAProxy, a real nginx, and the probes of Kubernetes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Get;
using testing::GetWith;
using ::testing::HasSubstr;
using testing::PrivateFolder;
using testing::Program;
using testing::WaitUntil;

class ProxiesTest : public ::testing::Test {
 protected:
  std::string AgentAddress() const { return "127.0.0.1:" + std::to_string(agent_.port()); }

  PrivateFolder folder_;
  const Agent agent_{SHMETRICS_AGENT, folder_ / "segment", 0, {"--web.allowed-host", "shm_backend"}};
};

// Fault A13.
TEST_F(ProxiesTest, HaproxyFindsTheAgentAliveByEachOfItsChecks) {
  std::ofstream(folder_ / "haproxy.cfg") << "global\n  stats socket " << folder_ / "stats"
                                         << "\n"
                                            "defaults\n"
                                            "  mode http\n"
                                            "  timeout connect 2s\n"
                                            "  timeout client 10s\n"
                                            "  timeout server 10s\n"
                                            "frontend in\n"
                                            "  bind unix@"
                                         << folder_ / "front"
                                         << "\n"
                                            "  default_backend plain\n"
                                            "backend plain\n"
                                            "  option httpchk\n"
                                            "  server a "
                                         << AgentAddress()
                                         << " check inter 100\n"
                                            "backend get\n"
                                            "  option httpchk GET /-/healthy\n"
                                            "  http-reuse always\n"
                                            "  server a "
                                         << AgentAddress()
                                         << " check inter 100\n"
                                            "backend head\n"
                                            "  option httpchk HEAD /\n"
                                            "  server a "
                                         << AgentAddress()
                                         << " check inter 100\n"
                                            "backend version11\n"
                                            "  option httpchk\n"
                                            "  http-check send meth GET uri /-/healthy ver HTTP/1.1 hdr Host "
                                            "shm_backend\n"
                                            "  server a "
                                         << AgentAddress() << " check inter 100\n";
  // In the foreground and without a master, so that it dies with the test.
  Program haproxy({"haproxy", "-db", "-f", folder_ / "haproxy.cfg"});
  const auto checks = [&] {
    // One line for each server. Its columns have names; while a check runs, a star is before the last one's result.
    return testing::RunProgram(
               {"/usr/bin/python3", "-c",
                "import csv, socket, sys\n"
                "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                "s.sendall(b'show stat\\n')\n"
                "text = b''.join(iter(lambda: s.recv(65536), b'')).decode().lstrip('# ')\n"
                "for row in csv.DictReader(text.splitlines()):\n"
                "    if row['svname'] == 'a':\n"
                "        print(row['pxname'], row['status'], row['check_status'].lstrip('* '), "
                "row['check_code'])\n",
                folder_ / "stats"})
        .output;
  };
  const std::string alive = "plain UP L7OK 204\nget UP L7OK 200\nhead UP L7OK 200\nversion11 UP L7OK 200\n";
  WaitUntil([&] { return haproxy.HasEnded() || checks() == alive; });
  EXPECT_FALSE(haproxy.HasEnded()) << haproxy.errors();
  const std::string through = testing::SendRaw(
      folder_ / "front", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(through, HasSubstr("shmetrics_up"));
}

// Fault A13. nginx sends the name of its upstream as Host unless it is told otherwise.
TEST_F(ProxiesTest, NginxReachesTheAgentByTheNameOfItsUpstream) {
  std::ofstream(folder_ / "nginx.conf")
      << "daemon off; master_process off; pid " << folder_ / "pid"
      << "; error_log stderr;\n"
      << "events {}\n"
         "http {\n  access_log off;\n"
      << "  client_body_temp_path " << folder_ / "body"
      << "; proxy_temp_path " << folder_ / "proxy"
      << ";\n"
      << "  fastcgi_temp_path " << folder_ / "f"
      << "; uwsgi_temp_path " << folder_ / "u"
      << "; scgi_temp_path " << folder_ / "s"
      << ";\n"
      << "  upstream shm_backend { server " << AgentAddress() << "; keepalive 4; }\n"
      << "  upstream not_allowed { server " << AgentAddress() << "; }\n"
      << "  server {\n    listen unix:" << folder_ / "front"
      << ";\n"
      << "    location / { proxy_pass http://shm_backend; proxy_http_version 1.1; "
         "proxy_set_header Connection \"\"; }\n"
         "    location /old/ { proxy_pass http://shm_backend/; }\n"
         "    location /other/ { proxy_pass http://not_allowed/; }\n"
         "  }\n}\n";
  Program nginx({"/usr/sbin/nginx", "-c", folder_ / "nginx.conf"});
  WaitUntil([&] { return nginx.HasEnded() || Get(folder_ / "front", "/-/healthy").status == 200; });
  ASSERT_FALSE(nginx.HasEnded()) << nginx.errors();
  for (int i = 0; i < 10; i++) {
    EXPECT_THAT(Get(folder_ / "front", "/metrics").body, HasSubstr("shmetrics_up"));
    EXPECT_EQ(Get(folder_ / "front", "/old/-/healthy").status, 200) << "HTTP/1.0";
  }
  EXPECT_EQ(Get(folder_ / "front", "/other/-/healthy").status, 421);
}

// Fault A13. A kubelet asks the address of the pod, with that as Host, and adds headers of its own.
TEST_F(ProxiesTest, AProbeOfKubernetesIsAnswered) {
  const std::string kubelet = "User-Agent: kube-probe/1.27\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n";
  EXPECT_EQ(GetWith(agent_.port(), "/-/healthy", "Host: 10.244.1.7:8000\r\n" + kubelet).status, 200);
  EXPECT_EQ(GetWith(agent_.port(), "/-/healthy", "Host: [fd00::7]:8000\r\n" + kubelet).status, 200);
  EXPECT_EQ(GetWith(agent_.port(), "/-/ready?from=probe", "Host: 10.244.1.7:8000\r\n" + kubelet).status, 503)
      << "there is no segment";
}

}  // namespace
}  // namespace shmetrics
