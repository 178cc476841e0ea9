import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Says of each host whether an SSLSocket with the endpoint identification of HTTPS takes its certificate. */
public class Ask {
    public static void main(String[] arguments) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        int number = 0;
        try (FileInputStream pem = new FileInputStream(arguments[0])) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                roots.setCertificateEntry("root" + number++, one);
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.println(words[1] + (isTaken(context, words[0], words[1], arguments[1]) ? " taken" : " refused"));
        }
    }

    private static boolean isTaken(SSLContext context, String address, String host, String port) {
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(address, Integer.parseInt(port)), 10000);
            try (SSLSocket inside = (SSLSocket) context.getSocketFactory().createSocket(plain, host, 0, true)) {
                SSLParameters parameters = inside.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                inside.setSSLParameters(parameters);
                inside.startHandshake();
                return true;
            }
        } catch (IOException | IllegalArgumentException refused) {
            return false;
        }
    }
}
