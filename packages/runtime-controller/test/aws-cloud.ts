import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import {
  type AutoScalingGroup,
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  DescribeAutoScalingGroupsCommand,
  UpdateAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { startMoto } from "@datalayer/devcluster/testkit/moto";
import type { CloudSettings, CloudVariable } from "../src/node-scaling/executors/cloud-settings.ts";

/** What happens to the next request of an action. */
export type AwsFault =
  /** AWS answers so and does nothing. */
  | { kind: "error"; status: number; code: string; message: string; retryAfterSeconds?: number }
  /** It is done, and the connection breaks before the answer. */
  | { kind: "drop-after" }
  /** The connection breaks before anything is done. */
  | { kind: "drop-before" }
  /** It is done once nobody waits for the answer any more. */
  | { kind: "late" };

/**
 * A moto server behind a proxy of our own: the proxy counts what was asked and fails what it is told to, in the words
 * of AWS.
 */
export class AwsCloud {
  /** Where the executor is sent to. */
  readonly url: string;
  /** The actions that reached the proxy, with what they name, in order. */
  readonly requests: string[] = [];
  /** The groups that requests named, in order. */
  readonly groupsAsked: string[] = [];
  readonly #moto: string;
  readonly #faults: { action: string; fault: AwsFault }[] = [];
  readonly #admin: AutoScalingClient;

  private constructor(moto: string, url: string) {
    this.#moto = moto;
    this.url = url;
    this.#admin = new AutoScalingClient({
      region: "us-east-1",
      endpoint: moto,
      credentials: { accessKeyId: "admin", secretAccessKey: "admin" },
    });
  }

  static async start(kubeconfigPath: string): Promise<AwsCloud> {
    const moto = await startMoto(kubeconfigPath);
    let serve: (incoming: IncomingMessage, response: ServerResponse) => void = () => undefined;
    const server = createServer((incoming, response) => serve(incoming, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const cloud = new AwsCloud(moto, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    serve = (incoming, response) => void cloud.#serve(incoming, response);
    afterFile(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      cloud.#admin.destroy();
    });
    return cloud;
  }

  /** Fails the next requests of an action, one after the other. */
  fail(action: string, ...faults: AwsFault[]): void {
    this.#faults.push(...faults.map((fault) => ({ action, fault })));
  }

  /** Creates a group; answers with its name, which no other file has: its nodes are in the cluster that all share. */
  async createGroup({ desired = 0, max = 10, min = 0 } = {}): Promise<string> {
    const name = `workers-${randomBytes(4).toString("hex")}`;
    const LaunchConfigurationName = `config-of-${name}`;
    await this.#admin.send(
      new CreateLaunchConfigurationCommand({
        LaunchConfigurationName,
        ImageId: "ami-12c6146b",
        InstanceType: "m5.large",
      }),
    );
    await this.#admin.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: name,
        LaunchConfigurationName,
        MinSize: min,
        MaxSize: max,
        DesiredCapacity: desired,
        AvailabilityZones: ["us-east-1a"],
      }),
    );
    return name;
  }

  /** The group as AWS has it, past the proxy. */
  async group(name: string): Promise<AutoScalingGroup> {
    const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] });
    const { AutoScalingGroups: [group] = [] } = await this.#admin.send(command);
    return group!;
  }

  /** Changes the group as its administrator would. */
  async resize(name: string, desired: number): Promise<void> {
    await this.#admin.send(
      new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, DesiredCapacity: desired }),
    );
  }

  /** The settings of an executor on this cloud. */
  settings(group: string, values: Partial<Record<CloudVariable, string>> = {}): CloudSettings {
    return {
      provider: "aws",
      group,
      credentialsDir: undefined,
      endpoint: this.url,
      authorityHost: undefined,
      variables: variablesOf({
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
        AWS_SECRET_ACCESS_KEY: "example-secret",
        ...values,
      }),
    };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const fault = this.#faultOf(this.#noted(new URLSearchParams(body)));
    if (fault?.kind === "late") await once(response, "close");
    if (fault?.kind === "error") {
      refuse(response, fault);
    } else if (fault?.kind === "drop-before") {
      response.destroy();
    } else {
      this.#forward(incoming, body, response, fault?.kind === "drop-after" || response.destroyed);
    }
  }

  /** The action of a request, which is kept. */
  #noted(parameters: URLSearchParams): string {
    const action = parameters.get("Action") ?? "";
    this.requests.push(
      [action, parameters.get("DesiredCapacity") ?? parameters.get("InstanceId")].join(" ").trim(),
    );
    const named = parameters.get("AutoScalingGroupName") ?? parameters.get("AutoScalingGroupNames.member.1");
    if (named !== null) this.groupsAsked.push(named);
    return action;
  }

  #faultOf(action: string): AwsFault | undefined {
    const index = this.#faults.findIndex((one) => one.action === action);
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0]?.fault;
  }

  #forward(incoming: IncomingMessage, body: string, response: ServerResponse, dropsAnswer: boolean): void {
    const forwarded = request(
      this.#moto,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (dropsAnswer) {
          answer.resume();
          answer.on("end", () => response.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on("error", () => response.destroy());
    forwarded.end(body);
  }
}

/** Functions that answer with these values, as settings have them. */
export function variablesOf(values: Partial<Record<CloudVariable, string>>): CloudSettings["variables"] {
  return new Proxy({} as CloudSettings["variables"], {
    get: (_, name) => () => values[name as CloudVariable],
  });
}

/** An answer as the Query API of Auto Scaling gives it. */
function refuse(response: ServerResponse, fault: Extract<AwsFault, { kind: "error" }>): void {
  const { status, code, message, retryAfterSeconds } = fault;
  response.writeHead(status, {
    "content-type": "text/xml",
    ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
  });
  response.end(
    `<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
  );
}
