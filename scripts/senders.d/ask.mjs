// Says of each host whether tls.connect takes its certificate.
import { readFileSync } from "node:fs";
import { connect } from "node:tls";

const [roots, port] = process.argv.slice(2);
const ca = readFileSync(roots);
const taken = (address, host) =>
  new Promise((done) => {
    const socket = connect({ host: address, port: Number(port), servername: host, ca }, () => {
      done(socket.authorized);
      socket.destroy();
    });
    socket.on("error", () => done(false));
  });

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [address, host] = line.split(" ");
  console.log(host, (await taken(address, host)) ? "taken" : "refused");
}
