// eureka-js-client, unmodified, doing what it is told on standard input: the argument is the registry's URL.

const { createInterface } = require("readline");
const { Eureka } = require("eureka-js-client");

const client = new Eureka({
  logger: { debug() {}, info() {}, warn: console.error, error: console.error },
  shouldUseDelta: true,
  eureka: {
    serviceUrls: { default: [`${process.argv[2]}/v2/apps/`] },
    heartbeatInterval: 1000,
    registryFetchInterval: 200,
  },
  instance: {
    app: "stall",
    instanceId: "node",
    hostName: "127.0.0.1",
    ipAddr: "127.0.0.1",
    port: { $: 8082, "@enabled": true },
    vipAddress: "stall",
    dataCenterInfo: { "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", name: "MyOwn" },
    leaseInfo: { renewalIntervalInSecs: 1, durationInSecs: 3 },
  },
});

client.start((error) => {
  console.log(error ? `failed: ${error}` : "started");
  createInterface({ input: process.stdin }).on("line", (word) => {
    const answer = () => {
      const all = ["SHOP", "STALL"].flatMap((app) => client.getInstancesByAppId(app));
      console.log(JSON.stringify(Object.fromEntries(all.map((it) => [it.instanceId, it.status]))));
    };
    word === "stop" ? client.stop(answer) : answer();
  }).on("close", () => process.exit());
});
